#!/bin/sh
# Does what it can to outlive its host: leaves its session twice, ignores every polite signal, and holds a lock.
# $1: a file that gets a line "NAME OUTER-PID STARTED" from each of its processes. $2: the lock file.
say() {
  read -r line </proc/self/stat
  echo "$1 $line" >>"$places"
}
places=$1
trap '' TERM HUP INT USR1
setsid sh -c '
  trap "" TERM HUP INT
  setsid sh -c '\''
    trap "" TERM HUP INT
    exec 9>"$1"
    flock -n 9 || exit 1
    : >"$1.held"
    while :; do sleep 1000; done
  '\'' grandchild "$1" &
  while :; do sleep 1000; done
' child "$2" &
while :; do sleep 1000; done
