// Ends this process in good order when its standard input ends: the parent holds the other end open and nobody else does,
// so a parent that dies, however it dies, leaves no emulator behind. Use: node --require ./end-with-parent.cjs …
const end = () => {
  setTimeout(() => process.exit(1), 10_000).unref();
  process.kill(process.pid, 'SIGTERM');
};
process.stdin.on('end', end);
process.stdin.on('error', end);
process.stdin.resume();
