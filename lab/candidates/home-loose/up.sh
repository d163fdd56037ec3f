# A table for each line, for what is marked for it; what comes in is marked too, so each knows the way home.
ip route add default via "$GW1" dev "$IF1" table 101
ip route add default via "$GW2" dev "$IF2" table 102
ip route add 192.168.2.0/24 dev eth2 table 101
ip route add 192.168.2.0/24 dev eth2 table 102
ip rule add fwmark 0x1 table 101 priority 101
ip rule add fwmark 0x2 table 102 priority 102

# What leaves by a line, leaves from its address: the first is static, the second dynamic.
iptables -t nat -A POSTROUTING -o "$IF1" -j SNAT --to-source "$IP1"
iptables -t nat -A POSTROUTING -o "$IF2" -j MASQUERADE

# Port 8080 is the web site on the desktop.
iptables -t nat -A PREROUTING -i "$IF1" -p tcp --dport 8080 -j DNAT --to-destination 192.168.2.100:80
iptables -t nat -A PREROUTING -i "$IF2" -p tcp --dport 8080 -j DNAT --to-destination 192.168.2.100:80

# Each connection remembers the line that it uses, and all of its packets carry that mark.
iptables -t mangle -A PREROUTING -i "$IF1" -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x1
iptables -t mangle -A PREROUTING -i "$IF2" -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x2
iptables -t mangle -A POSTROUTING -o "$IF1" -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x1
iptables -t mangle -A POSTROUTING -o "$IF2" -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x2
iptables -t mangle -A PREROUTING -j CONNMARK --restore-mark
iptables -t mangle -A OUTPUT -j CONNMARK --restore-mark

# Mail goes out by the first line, to the statistics of the second by the second: from here, and from home.
for chain in OUTPUT "PREROUTING -i eth2"; do
	iptables -t mangle -A $chain -m mark --mark 0x0 -p tcp --dport 25 -j MARK --set-mark 0x1
	iptables -t mangle -A $chain -m mark --mark 0x0 -d 203.0.114.200 -j MARK --set-mark 0x2
done

# Everything else goes by the first line.
ip route add default via "$GW1" dev "$IF1"

# Loose reverse-path filtering. What holds is the greater of the values for `all` and for the interface.
for each in all "$IF1" "$IF2" eth2; do echo 2 >"/proc/sys/net/ipv4/conf/$each/rp_filter"; done
