#!/bin/sh
# One node of the lab (lab.ts), pid 1 of its own namespaces: FOLDER NAME. What its daemons write on a machine goes to FOLDER, or is gone
# with the namespace. Folders that this machine lacks aren't made.
folder=$1
mount --make-rprivate / && mount -t proc proc /proc && hostname "$2" || exit 1
for path in /etc/corosync /etc/pacemaker /var/lib/corosync /var/lib/pacemaker /var/log; do
  [ -d "$path" ] || continue
  mkdir -p "$folder$path" && mount --bind "$folder$path" "$path" || exit 1
done
mount --bind "$folder/hosts" /etc/hosts
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mkdir -p /run/crm /run/corosync /run/lock /run/resource-agents
mkdir -p /var/log/corosync /var/log/pacemaker
for path in blackbox cib cores pengine; do mkdir -p "/var/lib/pacemaker/$path"; done
[ -e /var/lib/pacemaker/cib/cib.xml ] || cp "$folder/cib.xml" /var/lib/pacemaker/cib/cib.xml
chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker /run/crm
chmod 750 /var/lib/pacemaker/* /run/crm
chmod 600 /var/lib/pacemaker/cib/*
cp "$folder/corosync.conf" /etc/corosync/corosync.conf

corosync -f >"$folder/corosync.out" 2>&1 </dev/null &
until corosync-cfgtool -s >/dev/null 2>&1; do sleep 0.05; done
PCMK_logfile=/var/log/pacemaker/pacemaker.log PCMK_logpriority=notice pacemakerd -f >"$folder/pacemakerd.out" 2>&1 </dev/null &
trap : TERM INT HUP
while :; do sleep 3600 & wait $!; done
