package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything in {@code lib/} is named with a licence that an Apache-licensed product may carry, its text is there where it has to be, and the bill of materials lists it by checksum. */
class LicencesIT {

    /** Libraries may be under several; one of these is enough. */
    private static final Set<String> ACCEPTED = Set.of("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "EPL-2.0", "MIT", "MIT-0");
    /** {@code (licence) (licence) name (group:artifact:version - url)} */
    private static final Pattern LINE = Pattern.compile(" +((?:\\([^)]+\\) )+).*\\(([^():]+):([^():]+):([^() ]+) - .*\\)");

    @TempDir
    static Path directory;

    private static Path home;

    @BeforeAll
    static void extract() throws IOException {
        Shell.run("tar", "-xzf", Packed.tarball().toString(), "-C", directory.toString());
        home = directory.resolve(Packed.tarball().getFileName().toString().replace(".tar.gz", ""));
    }

    @Test
    void everyLibraryIsNamedWithALicenceThatIsAccepted() throws IOException {
        Map<String, Set<String>> named = named();

        assertThat(named.keySet()).containsExactlyInAnyOrderElementsOf(foreignJars());
        assertThat(named).allSatisfy((jar, licences) -> assertThat(licences).as(jar).containsAnyElementsOf(ACCEPTED));
    }

    /** The text of the Apache License is in LICENSE; of others, whose texts have their authors' names, each library's own is. */
    @Test
    void textsOfLicencesOtherThanOursAreThere() throws IOException {
        Map<String, Set<String>> others = new TreeMap<>(named());
        others.values().removeIf(licences -> licences.contains("Apache-2.0"));

        assertThat(others).isNotEmpty();
        for (String jar : others.keySet()) {
            String name = jar.replaceFirst("\\.jar$", "");
            assertThat(texts(home.resolve("third-party").resolve(name)) + texts(home.resolve("third-party").resolve(name.replaceFirst("-\\d.*$", ""))))
                    .as("files LICENSE* of %s below third-party", jar).isPositive();
        }
    }

    /** Also those of what a library has within it. The Apache License, 4d: who passes a library on passes its NOTICE on. */
    @Test
    void allThatLibrariesSayOfLicencesIsPassedOnAsItIs() throws IOException {
        Set<String> said = new TreeSet<>();
        for (Path jar : jarFiles()) {
            Path below = home.resolve("third-party").resolve(jar.getFileName().toString().replaceFirst("\\.jar$", ""));
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                for (ZipEntry entry : zip.stream().filter(LicencesIT::saysALicence).toList()) {
                    assertThat(below.resolve(entry.getName())).as("%s", jar.getFileName()).isRegularFile().hasBinaryContent(zip.getInputStream(entry).readAllBytes());
                    said.add(jar.getFileName().toString().replaceFirst("-\\d.*", "") + ":" + entry.getName());
                }
            }
        }
        assertThat(said).contains("jackson-core:META-INF/FastDoubleParser-LICENSE", "jackson-core:META-INF/Schubfach-LICENSE", "hazelcast:META-INF/attribution.txt", "hazelcast:META-INF/THIRD-PARTY.txt",
                "kafka-clients:NOTICE");
    }

    private static boolean saysALicence(ZipEntry entry) {
        String name = entry.getName();
        return !entry.isDirectory() && !name.endsWith(".class") && !name.startsWith("META-INF/services/")
                && name.substring(name.lastIndexOf('/') + 1).matches("(?i).*(licen[cs]e|notice|attribution|copying|third-?party).*");
    }

    /** The Mozilla Public License, 3.2: who passes it on says where its source is. No library says it of itself. */
    @Test
    void whereThePublicSuffixListHasItsSourceIsSaidOfEveryLibraryThatHasIt() throws IOException {
        Set<String> having = new TreeSet<>();
        for (Path jar : jarFiles()) {
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                if (zip.stream().anyMatch(entry -> entry.getName().matches("(?i).*public_?suffix.*"))) {
                    having.add(jar.getFileName().toString().replaceFirst("-\\d.*", ""));
                }
            }
        }

        assertThat(having).isNotEmpty();
        assertThat(Files.readString(home.resolve("third-party/public-suffix-list/LICENSE"))).contains(having).contains("https://publicsuffix.org/list/public_suffix_list.dat", "MPL-2.0.txt");
        assertThat(Files.readString(home.resolve("third-party/MPL-2.0.txt"))).startsWith("Mozilla Public License Version 2.0").hasSizeGreaterThan(16_000);
    }

    @Test
    void theBillOfMaterialsListsEveryJarByItsChecksum() throws Exception {
        assumeFalse("offline true".equals(System.getProperty("firn.maven")), "Maven is offline, where CycloneDX's plugin does nothing: the bill of materials is not tested here");
        JsonNode bill = new ObjectMapper().readTree(Packed.billOfMaterials().toFile());
        Set<String> listed = new TreeSet<>();
        for (JsonNode component : bill.get("components")) {
            assertThat(component.get("licenses")).as("licences of %s", component.get("purl")).isNotEmpty();
            component.get("hashes").forEach(hash -> {
                if (hash.get("alg").asText().equals("SHA-256")) {
                    listed.add(hash.get("content").asText());
                }
            });
        }

        Set<String> packed = new TreeSet<>();
        for (Path jar : jarFiles()) {
            packed.add(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(jar))));
        }
        assertThat(listed).isEqualTo(packed);
        assertThat(bill.get("bomFormat").asText()).isEqualTo("CycloneDX");
    }

    private static Map<String, Set<String>> named() throws IOException {
        Map<String, Set<String>> named = new TreeMap<>();
        for (String line : Files.readAllLines(home.resolve("third-party/THIRD-PARTY.txt"))) {
            Matcher one = LINE.matcher(line);
            if (one.matches()) {
                named.put(one.group(3) + "-" + one.group(4) + ".jar", Stream.of(one.group(1).split("[() ]+")).filter(word -> !word.isEmpty()).collect(Collectors.toSet()));
            }
        }
        return named;
    }

    private static List<String> foreignJars() throws IOException {
        Set<String> ours = Set.of("gateway", "retention", "membership", "hot-tier", "cold-tier");
        return jarFiles().stream().map(jar -> jar.getFileName().toString()).filter(name -> ours.stream().noneMatch(module -> name.matches(module + "-\\d.*"))).toList();
    }

    private static List<Path> jarFiles() throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("lib"))) {
            return files.toList();
        }
    }

    private static long texts(Path directory) throws IOException {
        return files(directory, "LICENSE");
    }

    private static long files(Path directory, String begins) throws IOException {
        if (!Files.isDirectory(directory)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).filter(file -> file.getFileName().toString().startsWith(begins) && file.toFile().length() > 100).count();
        }
    }
}
