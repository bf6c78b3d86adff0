-- How many events the files hold that were read before: a run that finds nothing new says so.
ALTER TABLE h_log_files ADD COLUMN events BIGINT NOT NULL DEFAULT 0;
