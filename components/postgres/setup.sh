#!/bin/bash
# Creates a role and a database of the same name for each of $DATABASES, sets each role's password to
# $PASSWORD_<DATABASE>, and adds pgvector, which only a superuser may. Safe to repeat.
set -euo pipefail
export PGOPTIONS=--client_min_messages=warning # "already exists, skipping" is no news

for _ in $(seq 60); do
  pg_isready --quiet && break
  sleep 2
done

for database in $DATABASES; do
  variable="PASSWORD_${database^^}"
  if [[ -z ${!variable:-} ]]; then
    echo "$variable is not set" >&2
    exit 1
  fi
  # The password travels in the environment: arguments can be read in the process list.
  PASSWORD="${!variable}" psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$database" \
       --dbname=postgres <<'SQL'
\getenv password PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'name', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$database" <<'SQL'
CREATE EXTENSION IF NOT EXISTS vector;
ALTER EXTENSION vector UPDATE;
SQL
  echo "database $database is ready"
done
