# What the official image does on its first start, and no more: a cluster in an empty PGDATA, with the administrator's
# password, then every SQL file of /docker-entrypoint-initdb.d through psql on the socket alone; then the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p -m 700 "$PGDATA"
    printf '%s\n' "${POSTGRES_PASSWORD:?}" >/tmp/password
    # shellcheck disable=SC2086 # several arguments in one variable, as the official image has them
    initdb --username=postgres --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl --wait -o "-c listen_addresses= -c unix_socket_directories=/var/run/postgresql" start
    for file in /docker-entrypoint-initdb.d/*.sql; do
        psql -v ON_ERROR_STOP=1 --no-psqlrc --host=/var/run/postgresql --username=postgres --file="$file"
    done
    pg_ctl --wait --mode=fast stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
