# Threats: what detections found in logs.
error-overtaken = { $what } was written by another process meanwhile
advice-overtaken = run it again: it goes on from what the other one wrote
