package io.firn.it.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the system says of a process ({@code proc(5)}). */
record Proc(long pid) {

    private static final double TICKS_PER_SECOND = 100;

    /** User and system time so far, in seconds. */
    double cpuSeconds() throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    /** Resident memory. */
    double residentMiB() throws IOException {
        return memoryMiB("VmRSS:");
    }

    /** The most that was resident since it started. */
    double peakMiB() throws IOException {
        return memoryMiB("VmHWM:");
    }

    /** By which rule the kernel's TCP sends, on the loopback as anywhere ({@code tcp(7)}). */
    static String tcpCongestionControl() throws IOException {
        return Files.readString(Path.of("/proc/sys/net/ipv4/tcp_congestion_control")).strip();
    }

    /** From now on its threads, and those they start, run on these processors only, numbered from 0. */
    void runOn(int first, int last) throws IOException, InterruptedException {
        utilLinux("taskset", "--all-tasks", "--cpu-list", "--pid", first + "-" + last, "" + pid);
    }

    /** From now on it runs only when nobody else wants a processor (SCHED_IDLE, {@code sched(7)}), threads it has yet to start as well. Without privileges that cannot be taken back. */
    void giveWay() throws IOException, InterruptedException {
        utilLinux("chrt", "--all-tasks", "--idle", "--pid", "0", "" + pid);
    }

    private static void utilLinux(String... command) throws IOException, InterruptedException {
        Process change = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(change.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (change.waitFor() != 0) {
            throw new IOException(command[0] + " of util-linux: " + said);
        }
    }

    private double memoryMiB(String field) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (line.startsWith(field)) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
            }
        }
        throw new IOException("no " + field + " of process " + pid);
    }
}
