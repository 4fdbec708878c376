"""Allocations: drawn, balanced, adapted; could they have been drawn?"""
