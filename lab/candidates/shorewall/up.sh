# What usually lies in /etc/shorewall, lies beside this script. Shorewall makes one script of it, which does all from here on.
etc=${0%/*}/etc
CONFIG_PATH="$etc:/usr/share/shorewall" shorewall compile "$etc" /run/firewall
VARDIR=/run/shorewall /run/firewall start
