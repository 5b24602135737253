"""The version of this program; written into each audit entry."""

__version__ = "0.1.0"
