# A table for each line, and one for the company's VPN, which openvpn-up.sh fills. Each is for what is marked for it: by bits,
# so that a packet may be marked for several, of which the first that is not empty has it.
ip route add default via "$GW1" dev "$IF1" table 101
ip route add default via "$GW2" dev "$IF2" table 102
ip rule add fwmark 0x4/0x4 table 100 priority 100
ip rule add fwmark 0x1/0x1 table 101 priority 101
ip rule add fwmark 0x2/0x2 table 102 priority 102

nft -f - <<RULES
table ip gateway {
	# Each connection remembers the line that it came in by: 8 is the home network, which has no table of its own.
	chain input {
		type filter hook input priority mangle
		iifname "$IF1" ct mark set 0x1
		iifname "$IF2" ct mark set 0x2
		iifname "tun0" ct mark set 0x4
		iifname "eth*" ct mark set 0x8
	}
	chain forward {
		type filter hook forward priority mangle
		iifname "$IF1" ct state new ct mark set 0x1
		iifname "$IF2" ct state new ct mark set 0x2
		iifname "tun0" ct state new ct mark set 0x4
	}

	# Its answers are sent there. What belongs to none: mail by the first line, to the statistics of the second by the second,
	# to the company by the VPN; and the VPN itself by the first line, or else by the second. Only a chain of type route has the
	# packet routed again.
	chain output {
		type route hook output priority mangle
		meta mark set ct mark
		meta mark != 0 accept
		tcp dport 25 meta mark set 0x1
		ip daddr 203.0.114.200 meta mark set 0x2
		ip daddr 10.20.0.0/24 meta mark set 0x4
		ip daddr 198.51.100.133 udp dport 1130 meta mark set 0x3
	}
	chain prerouting {
		type filter hook prerouting priority mangle
		iifname != "eth2" accept
		meta mark set ct mark
		meta mark != 0 accept
		tcp dport 25 meta mark set 0x1
		ip daddr 203.0.114.200 meta mark set 0x2
		ip daddr 10.20.0.0/24 meta mark set 0x4
	}

	# Port 8080 is the web site on the desktop.
	chain forwarded {
		type nat hook prerouting priority dstnat
		iifname { "$IF1", "$IF2" } tcp dport 8080 dnat to 192.168.2.100:80
	}
	# What leaves by a line, leaves from its address: the first is static, the second dynamic.
	chain leaving {
		type nat hook postrouting priority srcnat
		oifname "$IF1" snat to $IP1
		oifname { "$IF2", "tun0" } masquerade
	}
}
RULES

# Everything else is spread over the lines, 8 to 2.
ip route add default scope global \
	nexthop via "$GW1" dev "$IF1" weight 8 \
	nexthop via "$GW2" dev "$IF2" weight 2
