"""Indexes of archives: from a CSV, NDJSON or Parquet file to the rows that it has.

Like what reads DICOM files this runs in a confined process (worker.py), and what
leaves it holds no value of a patient: Patient IDs become keyed fingerprints here.
"""
