package io.firn.membership.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.concurrent.Callable;

/** Asked of another broker: what are you in the CP subsystem. Runs there on a thread of its executor; the answer is that of the moment. */
final class CpQuestion implements Callable<CpAnswer>, HazelcastInstanceAware, IdentifiedDataSerializable {

    /** Where an instance keeps who answers. */
    static final String CONTEXT = "firn.cp";

    private transient HazelcastInstance instance;

    @Override
    public void setHazelcastInstance(HazelcastInstance hazelcastInstance) {
        instance = hazelcastInstance;
    }

    @Override
    public CpAnswer call() {
        return ((CpMember) instance.getUserContext().get(CONTEXT)).answer();
    }

    @Override
    public int getFactoryId() {
        return CpSerialization.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return CpSerialization.QUESTION;
    }

    @Override
    public void writeData(ObjectDataOutput out) {
        // It has no fields.
    }

    @Override
    public void readData(ObjectDataInput in) {
        // It has no fields.
    }
}
