#!/bin/sh
# Run once by PostgreSQL's image, when it makes the database. The service gets a role that owns its database
# and nothing else; the superuser loses his password, so that he comes in from inside the container alone.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv superuser POSTGRES_USER
\getenv password POSTGRES_PASSWORD
CREATE ROLE userprofile LOGIN PASSWORD :'password';
CREATE DATABASE userprofile OWNER userprofile;
ALTER ROLE :"superuser" PASSWORD NULL;
SQL
