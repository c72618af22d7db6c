#!/bin/sh
# From nothing to a certificate: a CA, an RA in front of it, and a device that asks the RA.
#
#     sh examples/lab.sh [FOLDER]
#
# Needs cmc with its servers: pip install 'cmcodec[client,server]'. Everything is in FOLDER, by default
# a new one of /tmp; it is deleted by nobody. Servers listen on free ports of this machine, and end
# with the script.
set -eu

folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
cd "$folder"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '$'; for each; do case $each in *' '*) printf " '%s'" "$each" ;; *) printf ' %s' "$each" ;; esac; done; echo; "$@"; }

# The server whose log is named, once it says that it listens.
url() {
    until grep -qs '^listening http' "$1.out"; do
        kill -0 "$2" || { cat "$1.log" >&2; exit 1; }
        sleep 0.1
    done
    sed -n 's|^listening http \(.*\)|http://\1/|p' "$1.out"
}
serve() { # NAME COMMAND…
    name=$1; shift
    printf '$ %s &\n' "$*"
    "$@" > "$name.out" 2> "$name.log" &
    servers="$servers $!"
}
servers=
trap 'kill $servers 2> /dev/null || true; wait' EXIT

say "1. A CA: its keys, its certificate, its store, its rules in config.toml."
show cmc ca init ca --subject "CN=Lab CA"
serve ca cmc ca serve ca --http 127.0.0.1:0
ca=$(url ca $!)

say "2. The RA gets its certificate, with the purpose cmcRA, on a secret of the CA."
cmc ca secret ca desk --subject CN=desk --profile ra > desk.txt
show cmc request enroll --new p256 --key-out desk.key --subject CN=desk \
    --secret-file desk.txt --identification desk \
    --trust ca/ca-cert.pem --to "$ca" --out desk.pem

say "3. An RA in front of the CA. What it sends up is encrypted for the CA's server."
show cmc ra init ra --upstream "$ca" --signer desk.pem --signer-key desk.key \
    --trust ca/ca-cert.pem --encrypt-to ca/server-cert.pem
serve ra cmc ra serve ra --http 127.0.0.1:0
ra=$(url ra $!)

say "4. The RA knows a device by a secret, of which the CA knows nothing."
cmc ra secret ra device-1 --subject CN=device-1 > device.txt

say "5. The device asks the RA, and encrypts for it. The RA vouches, the CA issues."
show cmc request enroll --new p256 --key-out device.key --subject CN=device-1 --san dns:device-1.example \
    --secret-file device.txt --identification device-1 --encrypt-to desk.pem \
    --trust ca/ca-cert.pem --to "$ra" --out device.pem

say "6. It renews, with a new key and the names of the old certificate."
show cmc request renew --certificate device.pem --signer-key device.key \
    --new p256 --key-out device-2.key \
    --trust ca/ca-cert.pem --to "$ra" --out device-2.pem

say "7. It revokes the old one."
show cmc request revoke --certificate device.pem --reason superseded \
    --signer device.pem --signer-key device.key --trust ca/ca-cert.pem --to "$ra"

say "8. What the CA has issued, and to whom."
show cmc ca list ca
show cmc ca crl ca --out ca.crl

say "The certificate: $PWD/device-2.pem"
