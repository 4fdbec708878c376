"""Snapshots of the datamart: immutable parts under a manifest, switched atomically."""
