#!/bin/bash
# Creates a database for each of $DATABASES, owned by a role of the same name whose password is set to
# $PASSWORD_<DATABASE>, or by the role $OWNER_<DATABASE>, which is there already and signs in otherwise.
# Adds pgvector, which only a superuser may. Safe to repeat.
set -euo pipefail
export PGOPTIONS=--client_min_messages=warning # "already exists, skipping" is no news

for _ in $(seq 60); do
  pg_isready --quiet && break
  sleep 2
done

for database in $DATABASES; do
  password="PASSWORD_${database^^}" owner="OWNER_${database^^}"
  if [[ -z ${!password:-} && -z ${!owner:-} ]]; then
    echo "$password is not set" >&2
    exit 1
  fi
  # The password travels in the environment: arguments can be read in the process list.
  PASSWORD="${!password:-}" psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$database" \
       --set=owner="${!owner:-$database}" --dbname=postgres <<'SQL'
\getenv password PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'owner')
 WHERE :'password' <> '' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'owner', :'password') WHERE :'password' <> '' \gexec
-- A managed server has no superuser to log in as: what its administrator does for a role, it must be a member of.
SELECT format('GRANT %I TO CURRENT_USER', :'owner') FROM pg_roles WHERE rolname = current_user AND NOT rolsuper \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$database" <<'SQL'
CREATE EXTENSION IF NOT EXISTS vector;
ALTER EXTENSION vector UPDATE;
SQL
  echo "database $database is ready"
done
