"""The adapters, with the packages that they are for."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # they import what pydicom deprecates
    import deid.dicom
    import dicomanonymizer
    import dicomanonymizer.simpledicomanonymizer

__all__ = ["deid", "dicomanonymizer"]
