# The default route is spread over the lines, and nothing else is said.
ip route add default scope global \
	nexthop via "$GW1" dev "$IF1" weight 1 \
	nexthop via "$GW2" dev "$IF2" weight 1 \
	nexthop via "$GW3" dev "$IF3" weight 1
