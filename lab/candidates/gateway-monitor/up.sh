# What leaves by a line, leaves from its address: the first is static, the second dynamic.
iptables -t nat -A POSTROUTING -o "$IF1" -j SNAT --to-source "$IP1"
iptables -t nat -A POSTROUTING -o "$IF2" -j MASQUERADE

# What is bound to a line, as the monitor's pings are, goes by it whatever the default route.
ip rule add oif "$IF1" table 101 priority 91
ip rule add oif "$IF2" table 102 priority 92

# It lies beside this script, and says so when it has made the default route for the first time.
mkfifo /run/gateway-monitor
"${0%/*}/gateway-monitor" "$IF1" "$IF2" 198.51.100.1 </dev/null >/run/gateway-monitor 2>/run/gateway-monitor.log &
read -r _ </run/gateway-monitor
