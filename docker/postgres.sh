#!/bin/sh
# Make PostgreSQL's databases at the first start, then run it.
#
# As with the official image: POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD_FILE, and each
# /docker-entrypoint-initdb.d/*.sql at the first start.
set -eu
folder=/var/lib/postgresql/data
data=$folder/databases

stop() {
    echo "postgres: $1" >&2
    exit 1
}

if [ ! -e "$data" ]; then
    [ -s "${POSTGRES_PASSWORD_FILE:-}" ] ||
        stop "POSTGRES_PASSWORD_FILE names no file with a password: run make docker-secrets"
    # What a start that was interrupted left is made anew.
    draft=$folder/draft
    rm -rf "$draft"
    initdb --pgdata "$draft" --username "$POSTGRES_USER" --pwfile "$POSTGRES_PASSWORD_FILE" \
        --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 >/dev/null
    echo "host all all all scram-sha-256" >>"$draft/pg_hba.conf"
    pg_ctl --pgdata "$draft" --wait --silent --options "-k /tmp -c listen_addresses=" start >/dev/null
    PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    export PGPASSWORD PGHOST=/tmp PGUSER="$POSTGRES_USER"
    createdb "$POSTGRES_DB"
    for script in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -e "$script" ] || psql --quiet --set ON_ERROR_STOP=1 --dbname "$POSTGRES_DB" --file "$script"
    done
    pg_ctl --pgdata "$draft" --wait --silent stop >/dev/null
    unset PGPASSWORD
    mv "$draft" "$data"
fi
exec postgres -D "$data" -k /tmp -c "listen_addresses=*"
