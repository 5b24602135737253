-- What anybody would write: a table for each level, an integer for a key, UIDs and digests as text, a line
-- of audit for each UID. benchmarks/sizing.py fills it with what the registry holds, and asks both the same.
-- On PostgreSQL `INTEGER PRIMARY KEY` is an identity column; all else stands for both engines.
--
-- It is the lean textbook: an instance names its series and not its study as well, codes of the DICOM
-- standard are written out, and nothing but the index on each `uid` column keeps two levels from having
-- one UID, which the registry refuses. Nor does it notice that somebody changed a row or a line of audit.

CREATE TABLE patient (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,           -- keyed hash of the Patient ID, in hex
    fingerprint TEXT NOT NULL             -- keyed hashes of what identifies the patient, in hex
);

CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    study_instance_uid TEXT NOT NULL UNIQUE,
    patient_id INTEGER REFERENCES patient (id),
    fingerprint TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX study_patient ON study (patient_id);
CREATE INDEX study_created ON study (created_at);

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    series_instance_uid TEXT NOT NULL UNIQUE,
    study_instance_uid TEXT NOT NULL REFERENCES study (study_instance_uid),
    modality TEXT,
    frame_of_reference_uid TEXT,
    fingerprint TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX series_study ON series (study_instance_uid);
CREATE INDEX series_frame ON series (frame_of_reference_uid);
CREATE INDEX series_created ON series (created_at);

CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL UNIQUE,
    series_instance_uid TEXT NOT NULL REFERENCES series (series_instance_uid),
    sop_class_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT,
    content_digest TEXT,                  -- in hex
    data_set_digest TEXT,
    status TEXT NOT NULL,                 -- issued, registered, withdrawn
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX instance_series ON instance (series_instance_uid);
CREATE INDEX instance_created ON instance (created_at);

-- Which object names which: a row for each.
CREATE TABLE reference (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL REFERENCES instance (sop_instance_uid),
    referenced_sop_instance_uid TEXT NOT NULL,    -- may be unknown yet
    role INTEGER NOT NULL
);
CREATE INDEX reference_from ON reference (sop_instance_uid);
CREATE INDEX reference_to ON reference (referenced_sop_instance_uid);

-- Who did what to which UID, and when.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    uid TEXT NOT NULL
);
CREATE INDEX audit_uid ON audit (uid);
CREATE INDEX audit_at ON audit (at);
