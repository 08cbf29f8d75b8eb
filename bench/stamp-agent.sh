#!/bin/sh
# An agent that does nothing but say when: "MILLISECONDS ACTION RESOURCE" for each start and stop, in the file of its parameter log.
state=/run/resource-agents/Stamp-$OCF_RESOURCE_INSTANCE.state
say() { echo "$(date +%s%3N) $1 $OCF_RESOURCE_INSTANCE" >> "$OCF_RESKEY_log"; }
case $1 in
start)   : > "$state"; say start; exit 0 ;;
stop)    if [ -e "$state" ]; then rm -f "$state"; say stop; fi; exit 0 ;;
monitor) [ -e "$state" ] && exit 0; exit 7 ;;
meta-data) cat <<X
<?xml version="1.0"?><!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="Stamp" version="1.0"><version>1.0</version>
<longdesc lang="en">says when it starts and stops</longdesc><shortdesc lang="en">says when it starts and stops</shortdesc>
<parameters><parameter name="log"><longdesc lang="en">file</longdesc><shortdesc lang="en">file</shortdesc><content type="string"/></parameter></parameters>
<actions><action name="start" timeout="20s"/><action name="stop" timeout="20s"/><action name="monitor" timeout="20s" interval="10s"/><action name="meta-data" timeout="5s"/><action name="validate-all" timeout="20s"/></actions>
</resource-agent>
X
 exit 0 ;;
validate-all) exit 0 ;;
*) exit 3 ;;
esac
