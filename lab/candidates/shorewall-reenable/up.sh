# The configuration is that of the candidate shorewall.
etc=${0%/*}/../shorewall/etc
CONFIG_PATH="$etc:/usr/share/shorewall" shorewall compile "$etc" /run/firewall
VARDIR=/run/shorewall /run/firewall start
