-- How far the recorder has read each of its sources: it goes on there after a restart.
CREATE TABLE h_positions (
    source   TEXT    PRIMARY KEY,            -- a folder, an S3 prefix, a queue
    position TEXT    NOT NULL,               -- JSON, the recorder's own
    at       INTEGER NOT NULL
) WITHOUT ROWID;
