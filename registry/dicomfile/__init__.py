"""DICOM files into claims. The only package that parses DICOM."""
