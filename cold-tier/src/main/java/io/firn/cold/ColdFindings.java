package io.firn.cold;

import java.util.List;

/**
 * What a comparison of a partition's objects with its manifest has shown.
 *
 * @param damage missing objects, and such of another size than the manifest says; pages that cannot be read: a thousand at most
 * @param moreDamage further ones, not told by name
 * @param orphans objects that nothing names: a thousand at most of those that may be swept ({@link ColdAudit#mayGo}), and of the others
 * @param moreOrphans further ones
 * @param moreOrphanBytes of these
 */
public record ColdFindings(List<ColdDamage> damage, long moreDamage, List<StoredObject> orphans, long moreOrphans, long moreOrphanBytes) {
    public ColdFindings {
        damage = List.copyOf(damage);
        orphans = List.copyOf(orphans);
    }
}
