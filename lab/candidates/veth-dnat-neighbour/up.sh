# For a UDP server bound to one private address: DNAT on the way in, a detour over a veth pair on the way out.
server=10.255.0.1
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter

ip link add serverintf type veth peer name distributeintf address 02:00:00:00:00:02
ip address add "$server/24" dev serverintf
ip address add 10.255.0.2/24 dev distributeintf
ip link set serverintf up
ip link set distributeintf up
echo 0 >/proc/sys/net/ipv4/conf/serverintf/rp_filter
echo 0 >/proc/sys/net/ipv4/conf/distributeintf/rp_filter
# Nobody need ask for the far end's hardware address.
ip neighbour add 10.255.0.2 lladdr 02:00:00:00:00:02 dev serverintf
ip route add default via 10.255.0.2 dev serverintf table 1010101
ip rule add from "$server" lookup 1010101

iptables -t nat -A PREROUTING -p udp --dport 7 -j DNAT --to-destination "$server"
iptables -t raw -A PREROUTING -i distributeintf -j CT --notrack

uplink() { # table interface gateway address
	echo 2 >"/proc/sys/net/ipv4/conf/$2/rp_filter"
	ip route add default via "$3" dev "$2" table "$1"
	ip rule add from "$4" lookup "$1"
}
uplink 101 "$IF1" "$GW1" "$IP1"
uplink 102 "$IF2" "$GW2" "$IP2"
uplink 103 "$IF3" "$GW3" "$IP3"
ip route add default via "$GW1" dev "$IF1"
