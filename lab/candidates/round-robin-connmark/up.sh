# Each connection remembers the line that it came in by, and its replies are sent there by their mark.
uplink() { # number interface gateway network
	ip route add "$4" dev "$2" table "10$1"
	ip route add default via "$3" dev "$2" table "10$1"
	ip rule add fwmark "$1" table "10$1" priority "10$1"
	iptables -t mangle -A PREROUTING -i "$2" -m conntrack --ctstate NEW -j CONNMARK --set-mark "$1"
}
uplink 1 "$IF1" "$GW1" "$NET1"
uplink 2 "$IF2" "$GW2" "$NET2"
uplink 3 "$IF3" "$GW3" "$NET3"
iptables -t mangle -A OUTPUT -j CONNMARK --restore-mark

# Everything else is spread over the lines.
ip route add default scope global \
	nexthop via "$GW1" dev "$IF1" weight 1 \
	nexthop via "$GW2" dev "$IF2" weight 1 \
	nexthop via "$GW3" dev "$IF3" weight 1
