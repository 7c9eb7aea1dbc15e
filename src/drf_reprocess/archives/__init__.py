"""Package formats: zip and tar.gz as bytes, member by member; pure functions."""
