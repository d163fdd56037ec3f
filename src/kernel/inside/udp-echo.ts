/**
 * Run inside a host: sends each datagram back from the one socket that it came to. Arguments: the port, and the address
 * to bind to; without one, the socket is a wildcard, and says nothing of the address it answers from.
 */
import { createSocket } from 'node:dgram';

const [port, address] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('message', (message, from) => {
  socket.send(message, from.port, from.address);
});
socket.bind({ port: Number(port), address }, () => {
  process.stdout.write('listening\n');
});
