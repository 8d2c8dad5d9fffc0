package io.firn.it.rules;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** DESIGN.md section 4 and STYLE.md, as far as a machine can check them, over the main classes of all modules. */
class HouseRulesTest {

    private static final String HOT = "io.firn.hot..";

    /** Public beside its module's top package. */
    private static final String REPLICATION = "io.firn.hot.replication";

    private static final String COLD = "io.firn.cold..";
    private static final String MEMBERSHIP = "io.firn.membership..";
    private static final String RETENTION = "io.firn.retention..";
    private static final String GATEWAY = "io.firn.gateway..";

    /** Where the Kafka protocol's generated message classes and requests may be used: the gateway's wire side and coordinators. */
    private static final String[] PROTOCOL = {"org.apache.kafka.common.message..", "org.apache.kafka.common.protocol..", "org.apache.kafka.common.requests.."};
    private static final String[] PROTOCOL_USERS = {"io.firn.gateway.wire..", "io.firn.gateway.api..", "io.firn.gateway.handler..", "io.firn.gateway.peer..", "io.firn.gateway.group..",
        "io.firn.gateway.transaction..", "io.firn.gateway.coordinator..", "io.firn.gateway.share..", "io.firn.gateway.telemetry.."};

    private static JavaClasses firn;

    @BeforeAll
    static void readMainClasses() {
        ImportOption main = location -> !location.contains("/test-classes/") && !location.contains("-tests.jar");
        firn = new ClassFileImporter().withImportOption(main).importPackages("io.firn.hot", "io.firn.cold", "io.firn.membership", "io.firn.retention", "io.firn.gateway");
        assertThat(packagesOf(firn)).as("the modules were found").contains("io.firn.hot", "io.firn.cold", "io.firn.membership", "io.firn.retention", "io.firn.gateway");
    }

    private static Set<String> packagesOf(JavaClasses classes) {
        return classes.stream().map(JavaClass::getPackageName).collect(Collectors.toCollection(TreeSet::new));
    }

    private static void holds(ArchRule rule) {
        rule.check(firn);
    }

    @Test
    void theLeavesKnowNoOtherModule() {
        holds(noClasses().that().resideInAPackage(HOT).should().dependOnClassesThat().resideInAnyPackage(COLD, MEMBERSHIP, RETENTION, GATEWAY));
        holds(noClasses().that().resideInAPackage(COLD).should().dependOnClassesThat().resideInAnyPackage(HOT, MEMBERSHIP, RETENTION, GATEWAY));
        holds(noClasses().that().resideInAPackage(MEMBERSHIP).should().dependOnClassesThat().resideInAnyPackage(HOT, COLD, RETENTION, GATEWAY));
    }

    @Test
    void retentionJoinsTheTiersAndKnowsNothingElse() {
        holds(noClasses().that().resideInAPackage(RETENTION).should().dependOnClassesThat().resideInAnyPackage(MEMBERSHIP, GATEWAY));
    }

    @Test
    void implementationPackagesOfAModuleAreUsedByThatModuleOnly() {
        for (String module : Set.of("hot", "cold", "membership", "retention")) {
            String all = "io.firn." + module + "..";
            holds(noClasses().that().resideOutsideOfPackage(all).should().dependOnClassesThat(resideInAPackage(all).and(not(resideInAPackage("io.firn." + module))).and(not(resideInAPackage(REPLICATION)))));
        }
    }

    @Test
    void onlyTheGatewayListensDialsAndServes() {
        holds(noClasses().that().resideOutsideOfPackage(GATEWAY).should().dependOnClassesThat().resideInAPackage("io.vertx.."));
        holds(noClasses().that().resideOutsideOfPackage(GATEWAY).should().dependOnClassesThat().haveFullyQualifiedName("java.net.ServerSocket"));
        holds(noClasses().that().resideOutsideOfPackage(GATEWAY).should().dependOnClassesThat().resideInAPackage("org.apache.kafka.clients.."));
    }

    @Test
    void theKafkaProtocolStaysAtTheDoor() {
        DescribedPredicate<JavaClass> protocol = resideInAnyPackage(PROTOCOL);
        DescribedPredicate<JavaClass> errorCodes = simpleName("Errors");
        holds(noClasses().that().resideOutsideOfPackages(PROTOCOL_USERS).and().resideOutsideOfPackage("io.firn.gateway.partition..").should().dependOnClassesThat(protocol));
        // Partitions tell why one is not served by the name of its error code, and know no more of the protocol.
        holds(noClasses().that().resideInAPackage("io.firn.gateway.partition..").should().dependOnClassesThat(protocol.and(not(errorCodes))));
    }

    @Test
    void leavesTakeFromTheKafkaClientOnlyWhatTheDesignNames() {
        DescribedPredicate<JavaClass> kafka = resideInAPackage("org.apache.kafka..");
        DescribedPredicate<JavaClass> names = simpleName("TopicPartition").or(simpleName("TopicIdPartition")).or(simpleName("Uuid"));
        DescribedPredicate<JavaClass> records = resideInAPackage("org.apache.kafka.common.record..").or(simpleName("KafkaException"));
        String compaction = "io.firn.retention.compaction..";
        String[] recordReaders = {HOT, "io.firn.cold.read..", compaction};
        // Compaction opens batches and closes them again with the codec they had.
        DescribedPredicate<JavaClass> codecs = resideInAPackage("org.apache.kafka.common.compress..").or(simpleName("BufferSupplier")).or(simpleName("ByteBufferOutputStream"));
        holds(noClasses().that().resideInAPackage(compaction).should().dependOnClassesThat(kafka.and(not(names)).and(not(records)).and(not(codecs))));
        // Readers without a broker unpack records one by one, whatever their batch has grown from.
        String coldRead = "io.firn.cold.read..";
        DescribedPredicate<JavaClass> unpacking = simpleName("BufferSupplier").or(simpleName("CloseableIterator")).or(resideInAPackage("org.apache.kafka.common.header.."));
        holds(noClasses().that().resideInAPackage(coldRead).should().dependOnClassesThat(kafka.and(not(names)).and(not(records)).and(not(unpacking))));
        holds(noClasses().that().resideInAnyPackage(HOT, COLD, MEMBERSHIP, RETENTION).and().resideOutsideOfPackages(compaction, coldRead).should().dependOnClassesThat(kafka.and(not(names)).and(not(records))));
        holds(noClasses().that().resideInAnyPackage(COLD, MEMBERSHIP, RETENTION).and().resideOutsideOfPackages(recordReaders).should().dependOnClassesThat(records));
    }

    @Test
    void onlyMembershipsOwnPackageKnowsHazelcast() {
        holds(noClasses().that().resideOutsideOfPackage("io.firn.membership.hazelcast..").should().dependOnClassesThat().resideInAPackage("com.hazelcast.."));
    }

    @Test
    void objectStoreLibrariesStayInTheColdTier() {
        holds(noClasses().that().resideOutsideOfPackage(COLD).should().dependOnClassesThat().resideInAnyPackage("software.amazon..", "io.minio..", "okhttp3.."));
    }

    @Test
    void logLinesGoThroughSlf4j() {
        holds(noClasses().should().dependOnClassesThat().resideInAPackage("java.util.logging.."));
        holds(noClasses().that().resideOutsideOfPackages("io.firn.gateway.logging..").should().dependOnClassesThat().resideInAPackage("ch.qos.logback.."));
    }

    @Test
    void noThreadSleeps() {
        holds(noClasses().should().callMethodWhere(new DescribedPredicate<>("Thread.sleep") {
            @Override
            public boolean test(com.tngtech.archunit.core.domain.JavaMethodCall call) {
                return call.getTarget().getName().equals("sleep")
                        && (call.getTargetOwner().isAssignableTo(Thread.class) || call.getTargetOwner().isAssignableTo(java.util.concurrent.TimeUnit.class));
            }
        }));
    }

    @Test
    void namesSayWhatAClassDoes() {
        // The groups of settings are named after their keys, data.dir among them.
        holds(classes().that().resideOutsideOfPackage("io.firn.gateway.config..").or().haveNameNotMatching(".*\\.BrokerConfig\\$.*").should().haveNameNotMatching(".*(Util|Utils|Helper|Manager|Impl|Base|Data|Info)(\\$.*)?"));
    }

    @Test
    void everyPackageSaysWhatItIs() {
        Set<String> described = firn.stream().filter(type -> type.getSimpleName().equals("package-info")).map(JavaClass::getPackageName).collect(Collectors.toSet());
        Set<String> all = packagesOf(firn);
        // A package-info without annotations leaves no class file: the sources are asked.
        all.removeAll(described);
        assertThat(all).filteredOn(name -> !PackageSources.described(name)).isEmpty();
    }

    @Test
    void packagesFormNoCycleOverModules() {
        holds(com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices().matching("io.firn.(*)..").should().beFreeOfCycles());
    }
}
