#!/bin/bash
# Creates a database for each of $DATABASES, owned by a role of the same name. That one signs in with
# $PASSWORD_<DATABASE>; or the role $OWNER_<DATABASE>, which is there already and signs in otherwise, is its member.
# Adds pgvector, which only a superuser may, or whom a managed server trusts with it. With $PASSWORD_MONITORING, a role
# `monitoring` may read statistics of all of them, and no table. Safe to repeat.
set -euo pipefail
export PGOPTIONS=--client_min_messages=warning # "already exists, skipping" is no news

for _ in $(seq 60); do
  pg_isready --quiet && break
  sleep 2
done

set_password() { # ROLE PASSWORD
  # psql sends a hash: a password in a statement could end in the server's log. It asks twice, without a terminal here.
  if ! said=$(printf '%s\n%s\n' "$2" "$2" |
      setsid --wait psql --no-psqlrc --quiet --dbname=postgres --command="\\password \"$1\"" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
}

if [[ -n ${PASSWORD_MONITORING:-} ]]; then
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres <<'SQL'
SELECT 'CREATE ROLE monitoring' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitoring') \gexec
ALTER ROLE monitoring LOGIN CONNECTION LIMIT 5;
ALTER ROLE monitoring SET default_transaction_read_only = on;
ALTER ROLE monitoring SET statement_timeout = '10s';
SQL
  # A managed server's administrator may not be let do it: then part of the statistics is missing, and nothing else.
  psql --no-psqlrc --quiet --dbname=postgres --command="GRANT pg_monitor TO monitoring" ||
    echo "the role monitoring sees part of the statistics only: grant it pg_monitor" >&2
  set_password monitoring "$PASSWORD_MONITORING"
fi

for database in $DATABASES; do
  password="PASSWORD_${database^^}" owner="OWNER_${database^^}"
  if [[ -z ${!password:-} && -z ${!owner:-} ]]; then
    echo "$password is not set" >&2
    exit 1
  fi
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$database" --set=member="${!owner:-}" \
       --dbname=postgres <<'SQL'
SELECT format('CREATE ROLE %I', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I LOGIN', :'name') WHERE :'member' = '' \gexec
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', :'name') WHERE :'member' <> '' \gexec
-- A managed server has no superuser to log in as, and its administrator may grant only what it made itself.
SELECT format('GRANT %I TO CURRENT_USER', :'name') FROM pg_roles WHERE rolname = current_user AND NOT rolsuper \gexec
SELECT format('GRANT %I TO %I', :'name', :'member') WHERE :'member' <> '' \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
  if [[ -z ${!owner:-} ]]; then
    set_password "$database" "${!password}"
  fi
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$database" <<'SQL'
CREATE EXTENSION IF NOT EXISTS vector;
ALTER EXTENSION vector UPDATE;
SQL
  if [[ -n ${PASSWORD_MONITORING:-} ]]; then
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres \
      --command="GRANT CONNECT ON DATABASE \"$database\" TO monitoring"
  fi
  echo "database $database is ready"
done
