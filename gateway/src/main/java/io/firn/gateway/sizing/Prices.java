package io.firn.gateway.sizing;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/**
 * What things cost, as a file of assumptions says, and what a broker's machine has. Immutable.
 *
 * @param date of the prices
 * @param region they are of, for people
 * @param currency for people
 * @param storageGbMonth one GB in the bucket for a month
 * @param writes1000 a thousand of the dearer requests: PUT, COPY, POST, LIST
 * @param reads1000 a thousand of the cheaper ones: GET
 * @param zoneGb one GB from one zone to another, both ends together
 * @param brokerHour a broker's machine for an hour
 * @param brokerDiskGb local disk of that machine
 * @param brokerMemoryGb memory of that machine
 * @param brokerNetworkMb what its network carries for hours, a second and direction
 * @param zones that brokers and clients are spread over
 */
public record Prices(LocalDate date, String region, String currency, double storageGbMonth, double writes1000, double reads1000, double zoneGb, double brokerHour, double brokerDiskGb, double brokerMemoryGb,
        double brokerNetworkMb, int zones) {

    private static final Set<String> KEYS = Set.of("date", "region", "currency", "storage.gb.month", "writes.1000", "reads.1000", "zone.gb", "broker.hour", "broker.disk.gb", "broker.memory.gb",
            "broker.network.mb", "zones");

    /**
     * Reads a file of lines {@code key=value}.
     *
     * @throws IllegalArgumentException with one line that names the file and the key, if one is missing, unknown or no number
     */
    public static Prices read(Path file) throws IOException {
        Properties all = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            all.load(reader);
        }
        Set<String> unknown = new TreeSet<>(all.stringPropertyNames());
        unknown.removeAll(KEYS);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(file + " has " + unknown.iterator().next() + ", which is none of " + new TreeSet<>(KEYS));
        }
        Lines lines = new Lines(file, all);
        return new Prices(lines.date("date"), lines.text("region"), lines.text("currency"), lines.number("storage.gb.month"), lines.number("writes.1000"), lines.number("reads.1000"), lines.number("zone.gb"),
                lines.number("broker.hour"), lines.number("broker.disk.gb"), lines.number("broker.memory.gb"), lines.number("broker.network.mb"), lines.zones("zones"));
    }

    private record Lines(Path file, Properties all) {
        String text(String key) {
            String value = all.getProperty(key, "").strip();
            if (value.isEmpty()) {
                throw new IllegalArgumentException(file + " does not say " + key);
            }
            return value;
        }

        double number(String key) {
            try {
                double number = Double.parseDouble(text(key));
                if (number >= 0 && number < 1e12) {
                    return number;
                }
            } catch (NumberFormatException noNumber) {
                throw new IllegalArgumentException(wrong(key, "a number"), noNumber);
            }
            throw new IllegalArgumentException(wrong(key, "0 or more"));
        }

        int zones(String key) {
            double number = number(key);
            if (number != Math.rint(number) || number < 1 || number > 100) {
                throw new IllegalArgumentException(wrong(key, "a whole number, 1 to 100"));
            }
            return (int) number;
        }

        LocalDate date(String key) {
            try {
                return LocalDate.parse(text(key));
            } catch (DateTimeException noDate) {
                throw new IllegalArgumentException(wrong(key, "a date such as 2026-11-26"), noDate);
            }
        }

        private String wrong(String key, String allowed) {
            return String.format(Locale.ROOT, "%s: %s is '%s', but has to be %s", file, key, text(key), allowed);
        }
    }
}
