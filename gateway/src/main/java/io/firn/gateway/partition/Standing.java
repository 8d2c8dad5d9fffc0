package io.firn.gateway.partition;

/**
 * What this broker may still say for the cluster it is in. One that is cut off learns of no change, so it has to know by its own clock that there may have been some.
 *
 * <p>Threading: asked on any thread; must not block.
 */
public interface Standing {

    /** Of a broker that is alone. */
    Standing ALONE = new Standing() {
        @Override
        public boolean mayLead() {
            return true;
        }

        @Override
        public boolean cutOff() {
            return false;
        }
    };

    /** Whether it may act for what it leads, as a coordinator too; if not, another may by now ({@link io.firn.hot.replication.Authority}). */
    boolean mayLead();

    /**
     * Whether no controller has answered it for so long that the others, if they have one, have elected other leaders: whoever still asks this broker where they are should ask elsewhere. Lasts longer
     * than a change of the controller takes, so that one sends nobody away.
     */
    boolean cutOff();
}
