package io.firn.membership.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.firn.membership.cp.CpIdentity;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.cp.CpPlace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** What a broker says of itself. Effectively immutable. */
final class CpAnswer implements IdentifiedDataSerializable {

    private CpPlace place;
    private Stage stage;
    private Set<Integer> formsWith;
    private List<CpPlace> founders;
    private List<CpPlace> members;
    private long membersIndex;

    /** For deserialization. */
    CpAnswer() {}

    /** @param formsWith brokers it was told to form the CP subsystem with, itself included; empty for none */
    CpAnswer(CpPlace place, Set<Integer> formsWith, CpIdentity identity) {
        this.place = place;
        this.stage = identity.stage();
        this.formsWith = formsWith;
        this.founders = identity.founders();
        this.members = identity.members();
        this.membersIndex = identity.membersIndex();
    }

    CpPlace place() {
        return place;
    }

    Stage stage() {
        return stage;
    }

    Set<Integer> formsWith() {
        return formsWith;
    }

    List<CpPlace> founders() {
        return founders;
    }

    /** The newest list of CP members it knows. */
    List<CpPlace> members() {
        return members;
    }

    long membersIndex() {
        return membersIndex;
    }

    @Override
    public int getFactoryId() {
        return CpSerialization.FACTORY_ID;
    }

    @Override
    public int getClassId() {
        return CpSerialization.ANSWER;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        write(out, place);
        out.writeString(stage.name());
        out.writeIntArray(formsWith.stream().mapToInt(Integer::intValue).toArray());
        write(out, founders);
        write(out, members);
        out.writeLong(membersIndex);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        place = readPlace(in);
        stage = Stage.valueOf(in.readString());
        formsWith = new TreeSet<>();
        for (int id : in.readIntArray()) {
            formsWith.add(id);
        }
        founders = readPlaces(in);
        members = readPlaces(in);
        membersIndex = in.readLong();
    }

    private static void write(ObjectDataOutput out, List<CpPlace> places) throws IOException {
        out.writeInt(places.size());
        for (CpPlace place : places) {
            write(out, place);
        }
    }

    private static void write(ObjectDataOutput out, CpPlace place) throws IOException {
        out.writeLong(place.uuid().getMostSignificantBits());
        out.writeLong(place.uuid().getLeastSignificantBits());
        out.writeInt(place.brokerId());
        out.writeString(place.host());
        out.writeInt(place.port());
    }

    private static List<CpPlace> readPlaces(ObjectDataInput in) throws IOException {
        int count = in.readInt();
        List<CpPlace> places = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            places.add(readPlace(in));
        }
        return places;
    }

    private static CpPlace readPlace(ObjectDataInput in) throws IOException {
        return new CpPlace(new UUID(in.readLong(), in.readLong()), in.readInt(), in.readString(), in.readInt());
    }
}
