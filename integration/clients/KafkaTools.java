import java.io.*;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.utils.internals.Exit;

/**
 * Runs command line tools of Kafka one after the other: the start of a JVM takes longer than most of them. A line of the input is a tool,
 * in words of Base64: its class, what it reads, its arguments. A line of the output is what became of it: its exit code and what it has
 * written, in Base64.
 */
public class KafkaTools {
    /** Ends a tool where it would end the JVM. */
    static class Exited extends Error { }

    static ByteArrayOutputStream written;
    static Integer code; // null until the tool has ended; what it says of the exception then is not told
    static byte[] output;
    static List<Runnable> hooks; // what the JVM would do at its end

    public static void main(String[] args) throws Exception {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = System.out;
        Exit.Procedure exit = (status, message) -> {
            if (message != null) System.err.println(message);
            end(status);
            throw new Exited();
        };
        Exit.setExitProcedure(exit);
        Exit.setHaltProcedure(exit);
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        for (String line; (line = commands.readLine()) != null; ) {
            String[] words = Arrays.stream(line.split(" ", -1)).map(w -> new String(Base64.getDecoder().decode(w))).toArray(String[]::new);
            run(words[0], words[1], Arrays.copyOfRange(words, 2, words.length));
            out.println(code + " " + Base64.getEncoder().encodeToString(output));
        }
        Runtime.getRuntime().halt(0); // some tools leave threads behind
    }

    static void run(String tool, String input, String[] args) throws Exception {
        written = new ByteArrayOutputStream();
        code = null;
        hooks = new ArrayList<>();
        PrintStream sink = new PrintStream(written, true);
        System.setOut(sink);
        System.setErr(sink);
        System.setIn(new ByteArrayInputStream(input.getBytes()));
        int status = 0;
        try {
            Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof Exited)) {
                e.getCause().printStackTrace();
                status = 1;
            }
        }
        end(status);
    }

    static synchronized void end(int status) {
        if (code != null) return;
        code = status;
        for (Runnable hook : hooks) hook.run();
        output = written.toByteArray();
    }
}
