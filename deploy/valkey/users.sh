#!/bin/sh
# The broker's users as lines of its configuration, from the passwords in the environment: an administrator, and each
# service with the commands and streams of its work alone. What is in brackets is for the streams in the brackets.
set -eu

user() {
    hash=$(printf %s "$2" | sha256sum | cut -d ' ' -f 1)
    printf 'user %s on #%s %s\n' "$1" "$hash" "$3"
}

anywhere='+auth +hello +ping +client|setinfo +client|setname +info|server'
saying='+xadd +xrange +xtrim +xinfo|groups +xpending'
hearing='+xgroup|create +xreadgroup +xack +xautoclaim +xinfo|groups +xpending'
families='~ehcp ~placement ~tribunal ~support ~budget ~correction'

service() {
    user "$1" "$2" "resetkeys $3 resetchannels -@all $anywhere $saying ($4 $hearing)"
}

echo 'user default off resetpass resetkeys resetchannels nocommands'
user admin "$REDISCLI_AUTH" 'allkeys allchannels allcommands'
service placements "$PLACEMENTS_VALKEY_PASSWORD" "$families ~condition ~dead-letter" '~case-intake'
service ledger "$LEDGER_VALKEY_PASSWORD" '~position ~condition ~dead-letter' "$families"
service alerts "$ALERTS_VALKEY_PASSWORD" '~alert ~dead-letter' '~position ~condition'
