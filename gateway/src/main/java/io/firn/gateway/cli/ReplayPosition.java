package io.firn.gateway.cli;

import io.firn.cold.ColdPosition;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** How a place in a topic is written on the command line: an offset, or a time. */
final class ReplayPosition {

    private ReplayPosition() {}

    /** {@code earliest}, {@code end}, an offset, {@code @} and Unix milliseconds, {@code 2026-11-01} (midnight, UTC), or {@code 2026-11-01T12:30:00Z}. */
    static ColdPosition parse(String option, String text) {
        try {
            return switch (text) {
                case "earliest" -> new ColdPosition.Earliest();
                case "end" -> new ColdPosition.End();
                default -> text.startsWith("@") ? new ColdPosition.Time(Long.parseLong(text.substring(1)))
                        : text.matches("\\d+") ? new ColdPosition.Offset(Long.parseLong(text)) : new ColdPosition.Time(time(text).toEpochMilli());
            };
        } catch (NumberFormatException | DateTimeException wrong) {
            throw new CliFailure(Main.USAGE, option + " takes an offset, a time (2026-11-01, 2026-11-01T12:30:00Z, @MILLISECONDS), earliest or end, not '" + text + "'");
        }
    }

    private static Instant time(String text) {
        return text.contains("T") ? OffsetDateTime.parse(text).toInstant() : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
    }
}
