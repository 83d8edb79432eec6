"""Bases grown of other bases, before any comparison. Nothing here knows of algorithms' rewards."""
