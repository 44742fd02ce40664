# Sourced by the scripts that build images: $work keeps the contexts and buildah's storage. Programs are those of this machine.
die() { echo "$(basename "$0"): $*" >&2; exit 1; }

need_tools() { local t; for t in "$@"; do command -v "$t" >/dev/null || die "$t is missing: run scripts/setup"; done; }

bud() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

# A program with the libraries it needs, below $1.
install_program() {
  local root=$1 program=$2 at=$3 lib
  install -D -m 755 "$program" "$root$at"
  for lib in $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true); do
    # One of the build's own lies where it would be installed.
    case "$lib" in */libk8c.so.*) install -D -m 755 "$(readlink -f "$lib")" "$root/usr/lib/${lib##*/}"; continue ;; esac
    [ -e "$root$lib" ] || install -D -m 755 "$(readlink -f "$lib")" "$root$lib"
  done
}

# Names are looked up through libraries that are loaded by name at run time, so ldd does not show them.
install_resolver() {
  local lib found
  for lib in libnss_dns.so.2 libnss_files.so.2; do
    found=$(find /lib /usr/lib -name "$lib" 2>/dev/null | head -n1)
    [ -z "$found" ] || install -D -m 755 "$(readlink -f "$found")" "$1$found"
  done
}

# What every image stands on.
make_base() {
  local base=$work/context/base/rootfs applet
  mkdir -p "$base"/{bin,etc,root,tmp,usr/bin,usr/sbin,usr/local/bin,var,run,home,proc,sys,dev}
  chmod 1777 "$base/tmp"
  install -m 755 "$(command -v busybox)" "$base/bin/busybox"
  for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -sf busybox "$base/bin/$applet"; done
  ln -sfn ../run "$base/var/run"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n' >"$base/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\nwww-data:x:33:\n' >"$base/etc/group"
  printf 'hosts: files dns\n' >"$base/etc/nsswitch.conf"
}

# build_image FOLDER NAME: tests/images/FOLDER/Dockerfile in context/FOLDER.
build_image() {
  cp "tests/images/$1/Dockerfile" "$work/context/$1/"
  bud bud --isolation chroot --pull-never -t "$2" "$work/context/$1" >>"$log" 2>&1 || { tail -n 30 "$log" >&2; die "could not build $2"; }
}
