# shellcheck shell=bash
# Programs from Debian packages that are unpacked only, so that no service starts. Sourced by scripts that have `say`, which
# tells what is done, and `fail`, which tells why nothing more can be.

# unpack_debian FOLDER PACKAGE... unpacks the packages, and the libraries they need that are not installed, into FOLDER,
# unless they are there already.
unpack_debian() {
    local folder=$1
    shift
    [[ ! -e $folder/unpacked ]] || return 0
    say "unpacking the Debian package${2+s} $* into $folder"
    rm -rf "$folder"
    mkdir -p "$folder"
    (
        cd "$folder" || exit 1
        download_debian "$@" || { apt-get update -qq && download_debian "$@"; } || exit 1
        for package in *.deb; do dpkg -x "$package" . || exit 1; done
        touch unpacked
    ) >&2 </dev/null || fail "$* cannot be had"
}

download_debian() {
    local libraries
    # What would be installed anew has its version right behind its name; what would only be renewed, the old one first.
    libraries=$(apt-get install --simulate --no-install-recommends "$@" | sed -n 's/^Inst \(lib[^ ]*\) (.*/\1/p') || return 1
    # shellcheck disable=SC2086 # they are several
    apt-get download -qq "$@" $libraries
}

# debian_libraries FOLDER: where the loader finds the libraries that were unpacked there.
debian_libraries() {
    local folders=("$1"/usr/lib/*-linux-gnu*)
    local IFS=:
    printf '%s' "${folders[*]}"
}

# has_libraries PROGRAM [LIBRARIES]: whether the program finds all it needs, with those folders looked through first.
has_libraries() {
    local found
    found=$(LD_LIBRARY_PATH=${2:-} ldd "$1") || return 1
    ! grep 'not found' <<<"$found" >&2
}
