# What leaves by a line, leaves from its address: the first is static, the second dynamic.
iptables -t nat -A POSTROUTING -o "$IF1" -j SNAT --to-source "$IP1"
iptables -t nat -A POSTROUTING -o "$IF2" -j MASQUERADE

# pppd may have made a single one.
ip route replace default \
	nexthop via "$GW1" dev "$IF1" weight 8 \
	nexthop via "$GW2" dev "$IF2" weight 2
