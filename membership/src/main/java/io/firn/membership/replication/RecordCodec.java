package io.firn.membership.replication;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/**
 * Records as bytes, by the types of their components, so that a new command needs no code here. Pure.
 *
 * <pre>
 *  int 4 bytes   long, double 8 bytes   boolean byte 0 or 1   String, byte[]  length: int, bytes (UTF-8)     big-endian
 *  enum          its name: String       Uuid 16 bytes         TopicPartition  topic: String, partition: int
 *  Optional      present: boolean, [value]                    List, Set       count: int, elements (those of a set by their bytes)
 *  Map           count: int, entries by the bytes of their keys
 *  record        its components in order                      sealed interface   simple name of the record: String, record
 * </pre>
 *
 * <p>Believes nothing it reads: lengths and counts are checked against the bytes that are left before anything is allocated, and the constructors check the rest.
 */
final class RecordCodec {

    private static final ClassValue<Shape> SHAPES = new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
            return Shape.of(type);
        }
    };

    private RecordCodec() {}

    static byte[] encode(Record value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writeRecord(out, value);
        return out.toByteArray();
    }

    static <T> T decode(Class<T> type, byte[] bytes, int from) {
        ByteBuffer in = ByteBuffer.wrap(bytes, from, bytes.length - from);
        try {
            T value = type.cast(readRecord(in, type));
            if (in.hasRemaining()) {
                throw new MessageFormatException(in.remaining() + " bytes are left over");
            }
            return value;
        } catch (BufferUnderflowException e) {
            throw new MessageFormatException("it ends early", e);
        }
    }

    /** How a record is taken apart and put together. */
    private record Shape(Type[] types, Method[] accessors, Constructor<?> constructor) {
        static Shape of(Class<?> type) {
            RecordComponent[] components = type.getRecordComponents();
            try {
                Class<?>[] raw = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
                return new Shape(Arrays.stream(components).map(RecordComponent::getGenericType).toArray(Type[]::new),
                        Arrays.stream(components).map(RecordComponent::getAccessor).toArray(Method[]::new), type.getConstructor(raw));
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException("no public record: " + type, e);
            }
        }
    }

    private static void writeRecord(ByteArrayOutputStream out, Object value) {
        Shape shape = SHAPES.get(value.getClass());
        try {
            for (int i = 0; i < shape.types.length; i++) {
                write(out, shape.types[i], shape.accessors[i].invoke(value));
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + value.getClass(), e);
        }
    }

    private static Object readRecord(ByteBuffer in, Class<?> type) {
        Shape shape = SHAPES.get(type);
        Object[] values = new Object[shape.types.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = read(in, shape.types[i]);
        }
        try {
            return shape.constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new MessageFormatException("no " + type.getSimpleName() + ": " + (e.getCause() == null ? e.getMessage() : e.getCause().getMessage()), e);
        }
    }

    private static void write(ByteArrayOutputStream out, Type type, Object value) {
        Class<?> raw = raw(type);
        if (raw == int.class || raw == Integer.class) {
            writeInt(out, (Integer) value);
        } else if (raw == long.class || raw == Long.class) {
            writeLong(out, (Long) value);
        } else if (raw == double.class || raw == Double.class) {
            writeLong(out, Double.doubleToRawLongBits((Double) value));
        } else if (raw == boolean.class || raw == Boolean.class) {
            out.write((Boolean) value ? 1 : 0);
        } else if (raw == String.class) {
            writeBytes(out, ((String) value).getBytes(StandardCharsets.UTF_8));
        } else if (raw == byte[].class) {
            writeBytes(out, (byte[]) value);
        } else if (raw.isEnum()) {
            writeBytes(out, ((Enum<?>) value).name().getBytes(StandardCharsets.UTF_8));
        } else if (raw == Uuid.class) {
            writeLong(out, ((Uuid) value).getMostSignificantBits());
            writeLong(out, ((Uuid) value).getLeastSignificantBits());
        } else if (raw == TopicPartition.class) {
            writeBytes(out, ((TopicPartition) value).topic().getBytes(StandardCharsets.UTF_8));
            writeInt(out, ((TopicPartition) value).partition());
        } else if (raw.isSealed()) {
            writeBytes(out, value.getClass().getSimpleName().getBytes(StandardCharsets.UTF_8));
            writeRecord(out, value);
        } else if (raw.isRecord()) {
            writeRecord(out, value);
        } else {
            writeContainer(out, type, value);
        }
    }

    private static void writeContainer(ByteArrayOutputStream out, Type type, Object value) {
        if (value instanceof Optional<?> optional) {
            out.write(optional.isPresent() ? 1 : 0);
            optional.ifPresent(present -> write(out, argument(type, 0), present));
        } else if (value instanceof List<?> list) {
            writeInt(out, list.size());
            list.forEach(element -> write(out, argument(type, 0), element));
        } else if (value instanceof Set<?> set) {
            writeInt(out, set.size());
            set.stream().map(element -> bytes(argument(type, 0), element)).sorted(Arrays::compareUnsigned).forEach(out::writeBytes);
        } else if (value instanceof Map<?, ?> map) {
            writeInt(out, map.size());
            map.entrySet().stream().map(entry -> new byte[][] {bytes(argument(type, 0), entry.getKey()), bytes(argument(type, 1), entry.getValue())})
                    .sorted((a, b) -> Arrays.compareUnsigned(a[0], b[0])).forEach(entry -> {
                        out.writeBytes(entry[0]);
                        out.writeBytes(entry[1]);
                    });
        } else {
            throw new IllegalStateException("no bytes for " + type);
        }
    }

    private static byte[] bytes(Type type, Object value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        write(out, type, value);
        return out.toByteArray();
    }

    private static Object read(ByteBuffer in, Type type) {
        Class<?> raw = raw(type);
        if (raw == int.class || raw == Integer.class) {
            return in.getInt();
        } else if (raw == long.class || raw == Long.class) {
            return in.getLong();
        } else if (raw == double.class || raw == Double.class) {
            return in.getDouble();
        } else if (raw == boolean.class || raw == Boolean.class) {
            return readBoolean(in);
        } else if (raw == String.class) {
            return readString(in);
        } else if (raw == byte[].class) {
            return readBytes(in);
        } else if (raw.isEnum()) {
            return constant(raw, readString(in));
        } else if (raw == Uuid.class) {
            return new Uuid(in.getLong(), in.getLong());
        } else if (raw == TopicPartition.class) {
            return new TopicPartition(readString(in), in.getInt());
        } else if (raw.isSealed()) {
            return readRecord(in, permitted(raw, readString(in)));
        } else if (raw.isRecord()) {
            return readRecord(in, raw);
        }
        return readContainer(in, type, raw);
    }

    private static Object readContainer(ByteBuffer in, Type type, Class<?> raw) {
        if (raw == Optional.class) {
            return readBoolean(in) ? Optional.of(read(in, argument(type, 0))) : Optional.empty();
        } else if (raw == List.class) {
            List<Object> list = new ArrayList<>();
            for (int left = readCount(in); left > 0; left--) {
                list.add(read(in, argument(type, 0)));
            }
            return list;
        } else if (raw == Set.class) {
            Set<Object> set = new HashSet<>();
            for (int left = readCount(in); left > 0; left--) {
                set.add(read(in, argument(type, 0)));
            }
            return set;
        } else if (raw == Map.class) {
            Map<Object, Object> map = new HashMap<>();
            for (int left = readCount(in); left > 0; left--) {
                map.put(read(in, argument(type, 0)), read(in, argument(type, 1)));
            }
            return map;
        }
        throw new IllegalStateException("no bytes for " + type);
    }

    private static Object constant(Class<?> type, String name) {
        return Arrays.stream(type.getEnumConstants()).filter(constant -> ((Enum<?>) constant).name().equals(name)).findFirst().orElseThrow(() -> unknown(type, name));
    }

    private static Class<?> permitted(Class<?> type, String name) {
        return Arrays.stream(type.getPermittedSubclasses()).filter(permitted -> permitted.getSimpleName().equals(name)).findFirst().orElseThrow(() -> unknown(type, name));
    }

    private static MessageFormatException unknown(Class<?> type, String name) {
        return new MessageFormatException(type.getSimpleName() + " " + name + " is not known to this version of Firn");
    }

    private static boolean readBoolean(ByteBuffer in) {
        byte value = in.get();
        if (value != 0 && value != 1) {
            throw new MessageFormatException("a flag is 0 or 1, not " + value);
        }
        return value == 1;
    }

    private static String readString(ByteBuffer in) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(readBytes(in))).toString();
        } catch (CharacterCodingException e) {
            throw new MessageFormatException("a text is not UTF-8", e);
        }
    }

    private static byte[] readBytes(ByteBuffer in) {
        byte[] bytes = new byte[readCount(in)];
        in.get(bytes);
        return bytes;
    }

    /** A number of things of at least one byte each. */
    private static int readCount(ByteBuffer in) {
        int count = in.getInt();
        if (count < 0 || count > in.remaining()) {
            throw new MessageFormatException("it ends early");
        }
        return count;
    }

    private static void writeInt(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    private static void writeLong(ByteArrayOutputStream out, long value) {
        out.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
    }

    private static void writeBytes(ByteArrayOutputStream out, byte[] value) {
        writeInt(out, value.length);
        out.writeBytes(value);
    }

    private static Class<?> raw(Type type) {
        return (Class<?>) (type instanceof ParameterizedType parameterized ? parameterized.getRawType() : type);
    }

    private static Type argument(Type type, int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }
}
