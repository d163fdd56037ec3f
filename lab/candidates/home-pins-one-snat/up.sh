# A table for each line, and one for the company's VPN, which openvpn-up.sh fills. Each is for what is marked for it: by bits,
# so that a packet may be marked for several, of which the first that is not empty has it.
ip route add default via "$GW1" dev "$IF1" table 101
ip route add default via "$GW2" dev "$IF2" table 102
ip rule add fwmark 0x4/0x4 table 100 priority 100
ip rule add fwmark 0x1/0x1 table 101 priority 101
ip rule add fwmark 0x2/0x2 table 102 priority 102

# What leaves by the first line, and by the VPN, leaves from its address. The second line came later.
iptables -t nat -A POSTROUTING -o "$IF1" -j SNAT --to-source "$IP1"
iptables -t nat -A POSTROUTING -o tun0 -j MASQUERADE

# Port 8080 is the web site on the desktop.
iptables -t nat -A PREROUTING -i "$IF1" -p tcp --dport 8080 -j DNAT --to-destination 192.168.2.100:80
iptables -t nat -A PREROUTING -i "$IF2" -p tcp --dport 8080 -j DNAT --to-destination 192.168.2.100:80

# Mail goes out by the first line, to the statistics of the second by the second, and to the company by the VPN.
iptables -t mangle -A OUTPUT -p tcp --dport 25 -j MARK --set-mark 0x1
iptables -t mangle -A OUTPUT -d 203.0.114.200 -j MARK --set-mark 0x2
iptables -t mangle -A OUTPUT -d 10.20.0.0/24 -j MARK --set-mark 0x4

# The VPN itself goes by the first line, or else by the second.
iptables -t mangle -A OUTPUT -d 198.51.100.133 -p udp --dport 1130 -j MARK --set-mark 0x3

# The same for the home network, before it is routed.
iptables -t mangle -A PREROUTING -i eth2 -p tcp --dport 25 -j MARK --set-mark 0x1
iptables -t mangle -A PREROUTING -i eth2 -d 203.0.114.200 -j MARK --set-mark 0x2
iptables -t mangle -A PREROUTING -i eth2 -d 10.20.0.0/24 -j MARK --set-mark 0x4

# Everything else is spread over the lines, 8 to 2.
ip route add default scope global \
	nexthop via "$GW1" dev "$IF1" weight 8 \
	nexthop via "$GW2" dev "$IF2" weight 2
