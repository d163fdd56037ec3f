# A table for each line, and a rule that sends what carries the line's address there.
uplink() { # table interface gateway address network
	ip route add "$5" dev "$2" src "$4" table "$1"
	ip route add default via "$3" dev "$2" table "$1"
	ip rule add from "$4" table "$1" priority "$1"
}
uplink 101 "$IF1" "$GW1" "$IP1" "$NET1"
uplink 102 "$IF2" "$GW2" "$IP2" "$NET2"
uplink 103 "$IF3" "$GW3" "$IP3" "$NET3"

# Everything else is spread over the lines.
ip route add default scope global \
	nexthop via "$GW1" dev "$IF1" weight 1 \
	nexthop via "$GW2" dev "$IF2" weight 1 \
	nexthop via "$GW3" dev "$IF3" weight 1
