// Machines are booted where QEMU and a kernel are there already; neither is fetched for tests.
