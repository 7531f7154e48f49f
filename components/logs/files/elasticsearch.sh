# Tells Elasticsearch how long to keep logs, and what they look like. It may run again at any time.
set -eu

put() {
  echo "$1"
  quoted=$(printf '%s' "${LOGS_PASSWORD:-}" | sed 's/[\\"]/\\&/g')
  # By standard input: the arguments of a process are for every process to see.
  {
    [ -z "${LOGS_USER:-}" ] || printf 'user = "%s:%s"\n' "$LOGS_USER" "$quoted"
    [ -z "${LOGS_CA:-}" ] || printf 'cacert = "%s"\n' "$LOGS_CA"
  } | curl --config - --fail-with-body --silent --show-error --max-time 30 \
    --retry 20 --retry-delay 5 --retry-all-errors \
    --request PUT --header 'Content-Type: application/json' --data-binary "@$2" "$LOGS_URL/$1"
  echo
}

put "_ilm/policy/$LOGS_INDEX" /etc/logs/policy.json
put "_index_template/$LOGS_INDEX" /etc/logs/template.json
