package io.firn.gateway.rig;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** Hears what Netty's leak detector says. Netty finds a leaked buffer when it was collected and another one is allocated. */
public final class LeakWatch implements AutoCloseable {

    private static final int ROUNDS = 3;

    private final Logger logger = (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);
    private final List<String> leaks = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> ear = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            leaks.add(event.getFormattedMessage());
        }
    };

    public LeakWatch() {
        assertThat(ResourceLeakDetector.getLevel()).as("the leak detector's level").isEqualTo(ResourceLeakDetector.Level.PARANOID);
        ear.start();
        logger.addAppender(ear);
    }

    public void assertNoLeak() {
        for (int i = 0; i < ROUNDS; i++) {
            System.gc();
            PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
        }
        assertThat(leaks).isEmpty();
    }

    @Override
    public void close() {
        logger.detachAppender(ear);
    }
}
