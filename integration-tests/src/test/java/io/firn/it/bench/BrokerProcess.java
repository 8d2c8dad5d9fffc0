package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A broker that runs as a process of its own, and what the system says of it ({@code proc(5)}). */
record BrokerProcess(Process process, String bootstrap, Path log) implements AutoCloseable {

    private static final long STOP_LIMIT_S = 60;

    static BrokerProcess start(List<String> command, String bootstrap, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        return new BrokerProcess(process, bootstrap, log);
    }

    Proc proc() {
        return new Proc(process.pid());
    }

    /** User and system time of the process so far, in seconds. */
    double cpuSeconds() throws IOException {
        return proc().cpuSeconds();
    }

    /** Resident memory in MiB. */
    double residentMiB() throws IOException {
        return proc().residentMiB();
    }

    /** SIGKILL, and waits until it is gone. */
    void kill9() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_LIMIT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
