"""After adoption: is it still done, and does it still help?"""
